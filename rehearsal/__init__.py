"""A whole election on one machine: for the demo, for simulations, and for officials who try out what they will run."""

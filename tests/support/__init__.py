"""What the tests of several rooms share: databases and a browser."""

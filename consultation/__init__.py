"""Petitions, discussion threads, proposals, opinion maps, participatory budgets.."""

"""Petitions, discussion threads, proposals, opinion maps, participatory budgets. Opens with its first verb."""

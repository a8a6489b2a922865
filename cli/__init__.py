"""The program psephos: thin verbs over the rooms."""

"""Finding what resembles a text: petitions while somebody types, and the search of the site."""

"""What each page shows, as frozen values: a template needs nothing else and never touches the database."""

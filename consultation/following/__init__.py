"""Who follows what, what they are told in the page and by mail, and where those mails go."""

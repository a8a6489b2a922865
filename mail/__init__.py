"""The outbox: mails are written in the transaction of their deed, and sent once."""

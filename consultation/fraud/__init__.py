"""Defences against made-up signatures: proof of work, mailboxes told apart, marks, removal in batches."""

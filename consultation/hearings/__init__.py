"""Consultations: draft texts that people comment on by paragraph, questions that they answer, and what came of it."""

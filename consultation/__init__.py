"""What citizens ask, argue and are answered: petitions, discussions, consultations, and their moderation."""

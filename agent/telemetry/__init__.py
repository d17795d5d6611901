"""What a run leaves behind: `store` writes it to a SQLite file, `report` reads it back."""

"""What the answers of a listening test show."""

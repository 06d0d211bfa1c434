"""What experts decide, and how it is taken back."""

"""Files and rows in and out."""

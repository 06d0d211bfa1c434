"""The watch: windows of what goes in and out of a model, and what each means."""

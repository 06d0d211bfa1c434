"""Three projects on real data that the installed packages carry."""

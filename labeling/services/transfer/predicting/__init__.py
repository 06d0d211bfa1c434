"""Files of predictions as jobs: read as any file, each row accounted for."""

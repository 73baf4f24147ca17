"""Training: from labelled articles to an artifact that can be served."""

"""What the house costs, each time against plain Celery in the same run (`make bench`)."""

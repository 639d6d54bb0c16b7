"""What customers read: templates, what may stand in them, and how they look in each language and on each channel."""

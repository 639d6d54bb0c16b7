"""What customers are worth, what they cost to win and to serve, and what churn costs."""

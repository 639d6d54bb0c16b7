"""What a campaign earned: those it wrote to against those who were held out by chance."""

"""Why a customer is about to leave, in words, with the customer's own numbers."""

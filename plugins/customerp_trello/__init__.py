"""Two-way sync between CustomERP and Trello."""

"""What hosts bring: actions of their own behind a guard, a controller's call, and results as they hand them back."""

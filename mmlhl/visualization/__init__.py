"""Pictures of predictions and curves of sequences."""

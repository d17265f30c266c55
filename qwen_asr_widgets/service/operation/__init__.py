"""What whoever runs the service for others needs: rules of access, and metrics."""

"""What has left a run: start at `report`."""

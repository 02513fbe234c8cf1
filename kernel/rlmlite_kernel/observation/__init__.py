"""What a run reports: observations to the controller, evidence for answers, coverage of inputs."""

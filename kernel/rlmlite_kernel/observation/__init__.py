"""What is told of a step: observations to the controller, evidence for answers, coverage of inputs."""

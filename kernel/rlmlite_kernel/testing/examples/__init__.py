"""Examples that Hypothesis draws: values, arguments by parameter kind, trials of one action, whole programs."""

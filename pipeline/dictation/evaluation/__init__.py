"""Stage `evaluate-labels`: mentions of dictations against their readers' certainties."""

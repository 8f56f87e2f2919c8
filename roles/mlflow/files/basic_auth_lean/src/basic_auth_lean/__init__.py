"""MLflow's basic-auth for less work a request (`app`), and an `mlflow server` that reads MLflow's code once (`serve`)."""

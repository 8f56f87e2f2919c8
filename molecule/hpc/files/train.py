"""What one job of the array does: it logs metrics, a figure, a nested run and a model, and every seventh never ends.

Usage: train.py ADDRESS, which it must not reach.
"""

import os
import socket
import sys
import time

import matplotlib.pyplot as plt
import mlflow
from sklearn.linear_model import LinearRegression

task = int(os.environ["SLURM_ARRAY_TASK_ID"])
try:
    socket.create_connection((sys.argv[1], 443), timeout=2)
    sys.exit("There is a network.")
except OSError:
    pass

mlflow.set_experiment("array")
with mlflow.start_run(run_name=f"task {task}"):
    mlflow.log_params({"seed": task, "note": "é" * 200})
    losses = [task / (step + 1) for step in range(100)]
    for step, loss in enumerate(losses):
        mlflow.log_metric("loss", loss, step=step)
    figure, axes = plt.subplots()
    axes.plot(losses)
    mlflow.log_figure(figure, "figures/loss.png")
    with mlflow.start_run(run_name=f"evaluation {task}", nested=True):
        mlflow.log_metric("skill", task / 7)
    model = LinearRegression().fit([[0], [1]], [0, task])
    mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"], registered_model_name="downscaler")
    mlflow.log_metric("diverged", float("nan"))  # MLflow 3.8.1 could not log a model after that
    step = 100
    while task % 7 == 0:
        mlflow.log_metric("loss", 1 / step, step=step)
        step += 1
        time.sleep(0.2)

import sys

from flask import Flask, jsonify

app = Flask(__name__)

TASKS = ["write a Dockerfile", "build an image", "run a container"]


@app.get("/")
def index():
    return f"<h1>Hello from Python {sys.version_info.major}.{sys.version_info.minor}!</h1>"


@app.get("/tasks")
def tasks():
    return jsonify(TASKS)


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)

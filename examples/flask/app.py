import socket

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def index():
    return render_template("index.html", host=socket.gethostname())


@app.get("/health")
def health():
    return {"status": "ok"}


if __name__ == "__main__":
    # 0.0.0.0: a server that listens on 127.0.0.1 can be reached from within its container only.
    app.run(host="0.0.0.0", port=5000)

ARG x
arg y
from base
RUN x

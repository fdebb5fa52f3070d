FROM conformance/base:1
USER app
RUN id > /tmp/app && echo "$HOME" >> /tmp/app && grep Groups /proc/self/status >> /tmp/app
USER app:extra
RUN id > /tmp/app-extra
USER 70000:80000
RUN id > /tmp/ids && echo "$HOME" >> /tmp/ids
USER 1000
RUN id > /tmp/known && echo "$HOME" >> /tmp/known
USER root
RUN id > /tmp/root && echo "$HOME" >> /tmp/root && umask >> /tmp/root && tr '\0' '\n' < /proc/1/environ | sort >> /tmp/root
USER nobody

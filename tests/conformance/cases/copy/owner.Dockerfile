FROM conformance/base:1
COPY --chown=app a.txt /user
COPY --chown=app:extra a.txt /user-and-group
COPY --chown=:staff a.txt /group-only
COPY --chown=12:34 dir /ids/with/parents
COPY --chown=1234 a.txt /id-only
COPY --chown=70000:3000000 a.txt /large-ids
COPY --chown=app:staff --chmod=600 a.txt /have/owned
USER app
COPY a.txt /still-roots
ARG WHO=nobody
COPY --chown=$WHO a.txt /expanded

FROM conformance/base:1
USER app
USER app:staff
USER 12
USER 12:13
USER nobody-known
USER app:
USER "app"

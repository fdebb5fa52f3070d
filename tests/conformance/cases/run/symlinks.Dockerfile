FROM conformance/base:1
RUN ln -s a/b /rel && ln -s /abs /abs && ln -s nothing /dangling && chown -h 5:6 /rel && ln -snf /etc /to-have

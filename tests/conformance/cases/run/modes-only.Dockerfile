FROM conformance/base:1
RUN chmod 700 /have && chmod 4711 /have/kept
RUN chown 5:6 /have/sub/old && chgrp 9 /have

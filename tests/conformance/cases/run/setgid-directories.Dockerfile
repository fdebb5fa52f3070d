FROM conformance/base:1
RUN mkdir -m 2775 /g && chgrp 50 /g && touch /g/f && mkdir /g/d && mkdir -m 1777 /sticky

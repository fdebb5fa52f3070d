FROM scratch
ADD --exclude=*.md web packed.tar /o/

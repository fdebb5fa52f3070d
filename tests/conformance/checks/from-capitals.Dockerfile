FROM Base

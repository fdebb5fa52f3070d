const os = require('node:os')
const express = require('express')

const app = express()
const port = process.env.PORT ?? 3000

app.get('/', (_request, response) => {
  response.send(`<h1>Hello from Node.js ${process.version}!</h1><p>Container ${os.hostname()}</p>`)
})

const server = app.listen(port, () => console.log(`Listening on port ${port}`))

// As process 1 of its container, Node.js has to see to its own end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.close(() => process.exit(0)))

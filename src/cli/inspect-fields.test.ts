import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTemplate } from '../lib/mod.ts'
import { withAllFields } from './inspect-fields.ts'

test('a template may name what the JSON leaves out, as in docker', () => {
  const image = { Id: 'sha256:1', Config: { Cmd: ['sh'], Entrypoint: null, Labels: null } }
  const text = JSON.stringify(image)
  const data = withAllFields(image)
  for (const [template, expected] of [
    ['{{.Config.ExposedPorts}}', 'map[]'],
    ['{{.Config.Entrypoint}}{{.Config.Cmd}}', '[][sh]'],
    ['{{json .Config.Entrypoint}}{{json .Config.ExposedPorts}}{{json .Config.Healthcheck}}', 'nullnullnull'],
    ['{{if .Config.Healthcheck}}yes{{else}}no{{end}}', 'no'],
    ['{{range .Config.Entrypoint}}x{{else}}none{{end}}{{len .Config.Volumes}}', 'none0'],
    ['{{.Variant}}|{{.Config.StopSignal}}', '|'],
    ['{{json .}}', text],
  ] as const) {
    assert.equal(parseTemplate(template).execute(data), expected, template)
  }
  assert.equal(JSON.stringify(data), text)
  assert.throws(() => parseTemplate('{{.Config.Nope}}').execute(data), /can't evaluate field Nope/)
})

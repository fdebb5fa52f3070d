import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrakeError } from './error.ts'
import { parseTemplate } from './template.ts'

const image = {
  Id: 'sha256:1234567890abcdef',
  RepoTags: ['app:1', 'app:latest'],
  Size: 1500,
  Config: {
    Env: ['PATH=/bin', 'A=b c'],
    Cmd: null,
    Labels: { 'com.example.team': 'blue', plain: 'yes' },
    ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
  },
  Label: (name: unknown) => `label ${name}`,
}

const cases: [string, string][] = [
  ['plain', 'plain'],
  ['{{.Id}}', 'sha256:1234567890abcdef'],
  ['{{ .Config.Env }}', '[PATH=/bin A=b c]'],
  ['{{.Config.Labels.plain}} {{.Config.Labels.absent}}', 'yes <no value>'],
  ['{{index .Config.Labels "com.example.team"}}', 'blue'],
  ['{{index .RepoTags 1}}', 'app:latest'],
  ['{{json .Config.Labels}}', '{"com.example.team":"blue","plain":"yes"}'],
  ['{{.Config.Env | json}}', '["PATH=/bin","A=b c"]'],
  ['{{json .Config.Cmd}} {{.Config.Cmd}}', 'null <nil>'],
  ['{{range .RepoTags}}<{{.}}>{{end}}', '<app:1><app:latest>'],
  ['{{range $i, $tag := .RepoTags}}{{$i}}={{$tag}} {{end}}', '0=app:1 1=app:latest '],
  ['{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}', '443/tcp 80/tcp '],
  ['{{range .Config.Cmd}}x{{else}}none{{end}}', 'none'],
  ['{{range .RepoTags}}{{if eq . "app:1"}}{{continue}}{{end}}{{.}}{{end}}', 'app:latest'],
  ['{{range .RepoTags}}{{.}}{{break}}{{end}}', 'app:1'],
  ['{{if .Config.Cmd}}a{{else if gt .Size 1000}}b{{else}}c{{end}}', 'b'],
  ['{{with .Config}}{{len .Env}} {{$.Size}}{{end}}', '2 1500'],
  ['{{with .Config.Cmd}}x{{else}}y{{end}}', 'y'],
  ['{{$x := .Size}}{{$x}}{{$x = 3}}{{$x}}', '15003'],
  ['{{$x := 1}}{{range .RepoTags}}{{$x = 2}}{{end}}{{$x}}', '2'],
  ['a  {{- " b " -}}  c', 'a b c'],
  ['a {{/* not said */}}b{{- /* nor this */ -}} c', 'a bc'],
  ['{{join .RepoTags ", "}}', 'app:1, app:latest'],
  ['{{join (split "a-b-c" "-") "+"}}', 'a+b+c'],
  ['{{upper "ab"}}{{lower "CD"}} {{title "hello go world"}}', 'ABcd Hello Go World'],
  ['{{printf "%s|%5d|%-4s|%04d|%q|%.2f|%%" "x" 42 "ab" 7 "q" 1.5}}', 'x|   42|ab  |0007|"q"|1.50|%'],
  ['{{printf "%d" }}', '%!d(MISSING)'],
  ['{{println "a" 1}}', 'a 1\n'],
  ['{{print 1 2 "x" 3}}', '1 2x3'],
  ['{{slice .Id 7 19}}', '1234567890ab'],
  ['{{truncate .Id 6}}[{{pad "x" 1 2}}]', 'sha256[ x  ]'],
  ['{{and 1 0}} {{or 0 "x"}} {{not true}} {{ne 1 2}} {{eq 1 2 1}}', '0 x false true true'],
  ['{{or .Config.Cmd .Size}}', '1500'],
  ['{{(index .RepoTags 0) | upper}}', 'APP:1'],
  ['{{(index .Config.Env 0)}} {{`raw\\n`}}', 'PATH=/bin raw\\n'],
  ['{{.Label "x"}}', 'label x'],
  ['{{"a\\tb" | len}}', '3'],
  ['{{len "é"}}', '2'],
  ['{{.Config.Labels}}', 'map[com.example.team:blue plain:yes]'],
]

test('templates give what Go gives', () => {
  for (const [text, expected] of cases) assert.equal(parseTemplate(text).execute(image), expected, text)
})

const wrong: [string, RegExp][] = [
  ['{{.Id', /:1:1: unclosed action/],
  ['{{.Id}', /:1:6: unexpected "}"/],
  ['{{}}', /:1:3: missing value for command/],
  ['a\n{{jsn .}}', /:2:3: function "jsn" not defined/],
  ['{{if .Id}}x', /:1:3: {{if}} has no {{end}}/],
  ['{{if}}x{{end}}', /missing value for if/],
  ['{{end}}', /unexpected {{end}}/],
  ['{{if 1}}{{else}}{{else}}{{end}}', /expected end; found {{else}}/],
  ['{{.Nope}}', /:1:3: can't evaluate field Nope/],
  ['{{.Config.Nope}}', /can't evaluate field Nope/],
  ['{{.Config.Cmd.Nope}}', /nil data; no entry for key "Nope"/],
  ['{{.Size.Nope}}', /can't evaluate field Nope in 1500/],
  ['{{$y}}', /undefined variable "\$y"/],
  ['{{"x}}', /unterminated quoted string/],
  ['{{(1}}', /unclosed left paren/],
  ['{{index .RepoTags 9}}', /error calling index: index out of range: 9/],
  ['{{range .Size}}{{.}}{{template "x"}}{{end}}', /has no use/],
  ['{{1 2}}', /can't give argument to non-function/],
  ['{{lt 1 "a"}}', /error calling lt: incompatible types/],
  ['{{.Id}} {{.Id "x"}}', /cannot be invoked as function/],
  ['{{ & }}', /unexpected "&"/],
  ['{{"\\q"}}', /invalid escape/],
  ['{{__proto__}}', /function "__proto__" not defined/],
]

test('bad templates are refused with their place', () => {
  for (const [text, expected] of wrong) {
    assert.throws(
      () => parseTemplate(text).execute(image),
      (error) => error instanceof StrakeError && error.code === 'invalid' && expected.test(error.message),
      text,
    )
  }
})

test('inherited properties are no fields', () => {
  assert.equal(parseTemplate('{{.toString}}|{{.__proto__}}').execute({ a: 1 }), '<no value>|<no value>')
})

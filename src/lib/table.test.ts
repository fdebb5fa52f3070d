import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignCells, renderListing } from './table.ts'

const headers = { Name: 'NAME', ID: 'IMAGE ID', Label: (name: unknown) => String(name) }
const columns = ['Name', 'ID']
const rows = [
  { Name: 'a-very-long-name', ID: '1', Label: (name: unknown) => `<${name}>` },
  { Name: 'b', ID: '22', Label: () => '' },
]

test('cells are at least ten wide, with three spaces between', () => {
  assert.deepEqual(alignCells(['A\tB\tC', 'aaaaaaaaaaaa\tb\tc']), [
    'A              B         C',
    'aaaaaaaaaaaa   b         c',
  ])
})

test('a line without the cell parts a column, as tabwriter has it', () => {
  assert.deepEqual(alignCells(['aaaaaaaaaa\tb', 'x', 'c\td']), ['aaaaaaaaaa   b', 'x', 'c         d'])
})

test('the default table, chosen columns, plain and JSON', () => {
  assert.equal(
    renderListing(rows, { headers, columns }),
    'NAME               IMAGE ID\na-very-long-name   1\nb                  22\n',
  )
  assert.equal(
    renderListing(rows, { headers, columns, format: 'table {{.ID}}\\t{{upper .Name}}' }),
    'IMAGE ID   NAME\n1          A-VERY-LONG-NAME\n22         B\n',
  )
  assert.equal(renderListing(rows, { headers, columns, format: '{{.ID}}' }), '1\n22\n')
  assert.equal(renderListing(rows, { headers, columns, format: 'table {{.Label "x"}}' }), 'x\n<x>\n\n')
  assert.equal(renderListing(rows.slice(1), { headers, columns, format: 'json' }), '{"ID":"22","Name":"b"}\n')
  assert.equal(renderListing([], { headers, columns }), 'NAME      IMAGE ID\n')
})

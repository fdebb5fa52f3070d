import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotationFields, annotationFlags } from './annotations.ts'
import { annotated } from './build-outputs.ts'

test('fields of --output say where an annotation stands', () => {
  const read = (name: string) =>
    annotationFields(
      new Map([
        ['dest', 'x'],
        [name, 'v'],
      ] as const),
    )
  const annotation = { key: 'k.l', value: 'v' }
  assert.deepEqual(read('annotation.k.l'), [{ ...annotation, place: 'manifest' }])
  assert.deepEqual(read('annotation[linux/arm64/v8].k.l'), [
    { ...annotation, place: 'manifest', platform: 'linux/arm64' },
  ])
  assert.deepEqual(read('annotation-index-descriptor.k.l'), [{ ...annotation, place: 'index-descriptor' }])
  // There is one index for all platforms.
  assert.deepEqual(read('annotation-index[linux/arm64].k.l'), [{ ...annotation, place: 'index' }])
  assert.deepEqual(read('annotationk'), [])
  for (const [name, message] of [
    ['annotation-descriptor.k', 'unknown annotation type "descriptor"'],
    ['annotation.', 'could not fully parse annotation annotation.'],
    ['annotation-index', 'could not fully parse annotation annotation-index'],
  ] as const) {
    assert.throws(() => read(name), { code: 'invalid', message })
  }
})

test('--annotation has places and platforms before its key', () => {
  assert.deepEqual(annotationFlags(['Key=a=b:c\nd']), [{ place: 'manifest', key: 'Key', value: 'a=b:c\nd' }])
  assert.deepEqual(annotationFlags(['index,manifest-descriptor[linux/arm64]:a:b=']), [
    { place: 'index', key: 'a:b', value: '' },
    { place: 'manifest-descriptor', platform: 'linux/arm64', key: 'a:b', value: '' },
  ])
  for (const [text, message] of [
    ['nothing', 'invalid annotation "nothing", expected key=value'],
    ['index:=x', 'invalid annotation "index:=x", expected key=value'],
    ['org.x:y=z', 'invalid annotation type "org.x", expected type and optional platform in square brackets'],
    [':y=z', 'invalid annotation type "", expected type and optional platform in square brackets'],
    ['indx:y=z', 'unknown annotation type "indx"'],
  ] as const) {
    assert.throws(() => annotationFlags([text]), { code: 'invalid', message })
  }
  assert.throws(() => annotationFlags(['manifest[x/y/z/w]:a=b']), { code: 'invalid' })
})

test('annotations are of all outputs that are images', () => {
  const annotations = annotationFlags(['a=b'])
  assert.deepEqual(annotated([], []), [])
  assert.deepEqual(annotated([], annotations), [{ kind: 'image', annotations }])
  const own = annotationFlags(['a=own'])
  const outputs = annotated(
    [
      { kind: 'local', dest: 'x' },
      { kind: 'image', annotations: own },
    ],
    annotations,
  )
  assert.deepEqual(outputs, [
    { kind: 'local', dest: 'x' },
    { kind: 'image', annotations: [...own, ...annotations] },
  ])
})

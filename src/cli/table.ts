import { printable, type Paint, type Style } from './output.ts'

export type Column<Row> = {
  title: string
  cell: (row: Row) => string
  align?: 'right'
  style?: (row: Row) => Style | undefined
}

/** Longer cells are cut: a table that wraps cannot be read. */
const MAX_CELL = 72
const LETTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

export function renderTable<Row>(
  rows: readonly Row[],
  { columns, paint }: { columns: readonly Column<Row>[]; paint: Paint },
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => clean(cell(row))))
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => widthOf(line[index] ?? ''))),
  )
  const line = (texts: readonly string[], styleAt: (index: number) => Style | undefined): string =>
    texts
      .map((text, index) => {
        const space = ' '.repeat((widths[index] ?? 0) - widthOf(text))
        const style = styleAt(index)
        const styled = style ? paint(style, text) : text
        if (columns[index]?.align === 'right') return space + styled
        return index === texts.length - 1 ? styled : styled + space
      })
      .join('  ')
      .trimEnd()
  return [
    line(
      columns.map(({ title }) => title),
      () => 'bold',
    ),
    ...rows.map((row, index) => line(cells[index] ?? [], (column) => columns[column]?.style?.(row))),
  ].join('\n')
}

/** Names and values below each other, the values in one column; what has no value is left out. */
export function renderFacts(facts: readonly (readonly [string, string | undefined])[], paint: Paint): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${paint('bold', name.padEnd(width))}  ${printable(value ?? '')}`)
    .join('\n')
}

function clean(text: string): string {
  const one = printable(text).replace(/\s+/g, ' ').trim()
  const letters = lettersOf(one)
  return letters.length > MAX_CELL ? `${letters.slice(0, MAX_CELL - 1).join('')}…` : one
}

function widthOf(text: string): number {
  return lettersOf(text).length
}

function lettersOf(text: string): string[] {
  return [...LETTERS.segment(text)].map(({ segment }) => segment)
}

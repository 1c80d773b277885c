/** One request's worth. */
const PAGE_SIZE = 200
/** Nobody reads a longer list; a search does better. */
export const MAX_LISTED = 5000

/** Reads a list to its end, or to the bound. */
export async function pageThrough<Item>(
  read: (page: { limit: number; offset: number }) => Promise<readonly Item[]>,
): Promise<Item[]> {
  const items: Item[] = []
  while (items.length < MAX_LISTED) {
    const page = await read({ limit: PAGE_SIZE, offset: items.length })
    items.push(...page)
    if (page.length < PAGE_SIZE) break
  }
  return items
}

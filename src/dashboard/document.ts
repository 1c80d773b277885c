// What every page of this server has around its content.
import { VERSION } from '../version.ts'
import { html, type Html } from './html.ts'

type Document = { title: string; account: Html | undefined; content: Html }

export function renderDocument({ title, account, content }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title}</title>
  <link rel="icon" href="/dashboard/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/dashboard/page.css">
  <link rel="stylesheet" href="/dashboard/content.css">
  <link rel="stylesheet" href="/dashboard/signIn.css">
  <script type="module" src="/dashboard/live.js"></script>
</head>
<body>
  <header>
    <p class="brand">
      <img src="/dashboard/icon.svg" alt="" width="28" height="28"> Daybreak <small>${VERSION}</small>
    </p>
    ${account}
  </header>
  <main>${content}</main>
</body>
</html>
`.text
}

export function renderAccount(username: string): Html {
  return html`<p class="user">${username}</p>
    <form method="post" action="/sign-out"><button>Sign out</button></form>`
}

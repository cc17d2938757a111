// Goes on to the identity provider by itself. Where no script runs, there is the button.

document.forms[0]?.submit()

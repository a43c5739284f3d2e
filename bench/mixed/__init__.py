"""Six clients of four kinds write in one essay over real sockets, and every word is accounted for.

Three plain pages (two that take each text unless something there waits to be saved, one that keeps
its own while its user types), two Yjs editors on unchanged ``y-websocket`` providers in Node, and a
program that edits by REST with ``base_seq``. They type words that are nobody else's, delete and
replace their own, and now and then delete somebody else's; the words hold emoji, Hebrew and
combining marks. Each has a link of its own, up to a quarter of a second long one way, which gets
stuck for seconds, breaks with all that is on its way, or is left and come back to.

In the end all six must show the server's text, and each word must be where its history says:

* *kept*, or *deleted* by its author or by somebody else;
* *in flight*: a plain page or a program sent it less than five seconds before its link broke (or it
  hung up), and nobody has ever been told of it; the same for deletions. There is no such excuse for
  Yjs editors, who go on with their document;
* *lost*, *glued* to another word, *doubled*, or *back* after it was deleted: what must not be. What
  plain pages say can mean two things, so wrong guesses about them may cost 0.02 % of the words;
  words that anything else costs are a failure.

``python -m bench.mixed --minutes 10 --seed 1`` prints the seed, a table and what went wrong, and
ends with 1 if anything did. It needs the JavaScript packages of the tests (``make node-tests``). A
seed gives the same people, words and troubles, in an order that the machine has a say in.
"""

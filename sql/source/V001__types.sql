-- The closed vocabularies of the demo shop.
do $$
begin
    if to_regtype('public.product_category') is null then
        create type public.product_category as enum ('books', 'electronics', 'garden', 'home', 'sports', 'toys');
    end if;
    if to_regtype('public.order_status') is null then
        create type public.order_status as enum ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'returned');
    end if;
    if to_regtype('public.payment_method') is null then
        create type public.payment_method as enum ('card', 'paypal', 'bank_transfer', 'gift_card');
    end if;
    if to_regtype('public.transaction_status') is null then
        create type public.transaction_status as enum ('pending', 'captured', 'failed', 'refunded');
    end if;
end
$$;
